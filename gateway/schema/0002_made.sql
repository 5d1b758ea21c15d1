-- What a kept answer made, when that is an order: each must be there as long as its answer is.
alter table gateway.answers add column made text;
