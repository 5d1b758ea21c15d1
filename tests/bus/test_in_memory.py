"""The deliveries that are in memory: which of the rows that a sweep reads are known already."""

from bus.in_memory import InMemory


def test_a_delivery_that_is_about_to_commit_is_known_to_a_sweep() -> None:
    in_memory = InMemory()
    in_memory.enter([1])

    in_memory.begin_read()

    assert in_memory.was_here(1)
    assert not in_memory.was_here(2)


def test_a_delivery_that_left_while_a_sweep_read_is_not_brought_by_it() -> None:
    in_memory = InMemory()
    in_memory.enter([1])
    in_memory.begin_read()

    in_memory.leave([1])
    assert in_memory.was_here(1)  # The running read may still see its row.

    in_memory.begin_read()
    assert not in_memory.was_here(1)


def test_a_delivery_that_came_into_no_mailbox_is_brought_by_the_running_sweep() -> None:
    in_memory = InMemory()
    in_memory.enter([1])
    in_memory.begin_read()

    in_memory.release(1)

    assert not in_memory.was_here(1)


def test_a_queue_brings_a_delivery_once_at_a_time() -> None:
    in_memory = InMemory()

    assert in_memory.receive(1)
    assert not in_memory.receive(1)
    in_memory.leave([1])
    assert in_memory.receive(1)


def test_there_is_room_for_refused_deliveries_when_half_of_memory_has_left() -> None:
    in_memory = InMemory()
    in_memory.enter([1, 2, 3, 4])
    assert not in_memory.leave([])  # Nothing was refused yet.
    in_memory.refuse()

    assert not in_memory.leave([1, 2])
    assert in_memory.leave([3])
    assert not in_memory.leave([4])  # It was reported.
