"""Signals are kept until somebody asks, and passed on to whoever is around."""

import gc
import signal

import pytest

from ufm.support.interrupt import Interrupt


class Handled(Exception):  # noqa: N818 - a handler's way out
    pass


@pytest.fixture
def handler():
    """Of SIGTERM, as a user may have one."""

    def raises(number, frame):
        raise Handled

    before = signal.signal(signal.SIGTERM, raises)
    yield raises
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("at_once", [False, True])
def test_the_first_waits_or_raises_and_the_second_raises(number, at_once, handler):
    with Interrupt() as around:
        with Interrupt(at_once=at_once) as interrupt:
            if at_once:
                with pytest.raises(KeyboardInterrupt):
                    signal.raise_signal(number)
            else:
                signal.raise_signal(number)
            assert interrupt.received == number
            assert not around.pending
            with pytest.raises(KeyboardInterrupt):
                interrupt.check()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
        assert around.answered() == number
    assert not around.pending


def test_a_sigterm_reaches_the_handler_there_was(handler):
    done = []

    def work():
        with Interrupt():
            signal.raise_signal(signal.SIGTERM)
            done.append("checkpoint")

    with pytest.raises(Handled):
        work()
    assert done == ["checkpoint"]
    assert signal.getsignal(signal.SIGTERM) is handler
    with Interrupt() as interrupt:
        signal.raise_signal(signal.SIGTERM)
        assert interrupt.answered() == signal.SIGTERM


def test_none_is_lost_in_the_garbage_collector():
    """What a callback of the collector raises is printed and dropped."""

    def callback(phase, info):
        if phase == "start":
            signal.raise_signal(signal.SIGINT)

    gc.callbacks.append(callback)
    try:
        with Interrupt(at_once=True) as interrupt:
            gc.collect()
            gc.callbacks.remove(callback)
            assert interrupt.pending
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
    finally:
        if callback in gc.callbacks:
            gc.callbacks.remove(callback)
