"""Every loss of the catalogue in torch eager, as a practitioner writes it: the library's own function where torch has the
loss, else the shortest sensible composition. One function a loss, named as the loss in snake_case; its arguments are the
loss's inputs, its keyword arguments the options.

Only the options that the bench's cases use are followed: `verify` in the parent compares value and gradients with ours
before anything is timed, so an option that is not followed shows as `unverified`, never as a number.
"""

import re
from collections.abc import Callable

from . import boxes, classification, elementwise, embedding, pairs, ranking, regions, rows, sequence

modules = (boxes, classification, elementwise, embedding, pairs, ranking, regions, rows, sequence)


def find(loss: str) -> Callable | None:
    """The function of a loss id, if there is one."""
    name = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match[0].lower(), loss)
    return next((getattr(module, name) for module in modules if hasattr(module, name)), None)
