"""The bus between processes, over SQS: each actor has a queue, each process one for the answers it waits for.

    events    a delivery row commits -> its message goes to the subscriber's queue -> the row is marked forwarded
              -> the subscriber's turn deletes the row with its effect -> the queue's copy is deleted
    commands  ask -> the actor's queue, with a deadline -> its turn -> the asker's reply queue

The queue carries, and the table decides. SQS may lose, repeat, delay and shuffle messages: by the delivery rows
(bus/deliveries.py) a lost one is found, a repeat is recognised, and order is restored. So nothing here has to be
exactly once.

Rejected: docs/decisions/0002.
"""
