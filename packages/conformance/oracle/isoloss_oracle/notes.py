"""What the flags of cases mean. A file holds the notes of the flags it uses."""

NOTES = {
    "ordinary": ("Everyday numbers.", []),
    "reduction": ("About a reduction: which elements are added and what the mean divides by.", []),
    "rank": ("About the number of axes, the class axis or the layout.", []),
    "option": ("An option away from its default.", []),
    "mask": ("Masked elements contribute exactly 0 and are not counted, whatever they hold.", []),
    "weight": ("Weights: how they broadcast, multiply and enter the mean.", []),
    "ignore": ("Labels equal to ignoreIndex contribute exactly 0 and are not counted.", []),
    "empty": ("Nothing to average: none is empty, sum 0, mean NaN, all with zero gradient.", []),
    "extreme": ("Large or hard inputs (scales 5 to 1e4) that an unstable formula fails.", []),
    "saturated": ("A probability or a gate within rounding of its end: the loss or gradient is tiny.", []),
    "unstable": ("The textbook formula cancels, overflows or underflows here.", []),
    "infinity": ("An infinite input; the value and gradient are the limits where these exist.", []),
    "nan": ("NaN propagates as in IEEE 754.", []),
    "kink": ("The loss has no derivative here; the gradient is the stated convention.", []),
    "tie": ("Equal elements, shared equally by max and min, and sorted stably.", []),
    "error": ("The request must be refused with this code.", []),
    "fixture": ("Numbers published or measured elsewhere, reproduced.", []),
    "infeasible": ("No alignment exists: the value is ∞ (0 with zeroInfinity) and the gradient 0.", []),
    "stability-exception": ("The definition loses more than 64 roundings here; the comment says why.", []),
    "padding": ("Elements beyond a length are never read, whatever they hold.", []),
}


def notes_for(cases):
    used = sorted({flag for case in cases for flag in case["flags"]})
    unknown = [flag for flag in used if flag not in NOTES]
    assert not unknown, f"flags without a note: {unknown}"
    return {flag: {"description": NOTES[flag][0], "links": NOTES[flag][1]} for flag in used}
