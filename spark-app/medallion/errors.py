"""The errors that the job expects: one factual sentence, the next step, and the exit code, by which
a supervisor decides about a restart.
"""

from __future__ import annotations

#: Settings that are not allowed. A restart with the same environment fails the same way.
EXIT_SETTINGS = 2
#: A state that no restart fixes (sysexits' EX_CONFIG): outputs without their checkpoint, a
#: recreated topic.
EXIT_REFUSED = 78
#: Anything else: a restart may fix it.
EXIT_FAILED = 1


class JobError(Exception):
    """An expected end of the job.

    `sentence` has the fact with its values, `hint` the next step (may be empty), and `exit_code` is
    one of the constants of this module.
    """

    def __init__(self, sentence: str, hint: str = "", exit_code: int = EXIT_FAILED) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
        self.exit_code = exit_code


def refusal(sentence: str, hint: str) -> JobError:
    """An error that a restart cannot fix (exit code 78)."""
    return JobError(sentence, hint, EXIT_REFUSED)
