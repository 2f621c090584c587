"""Zhao et al., SLiC-HF, 2023, as TRL's "hinge": relu(1 − β·d)."""

from isoloss_oracle.conventions import relu
from isoloss_oracle.loss import Loss
from isoloss_oracle.preference import preference_blocks, preference_cases

LOSS = Loss(
    id="hingePreference",
    paper="Zhao et al., SLiC-HF: Sequence Likelihood Calibration with Human Feedback, 2023",
    defaults={"beta": 0.1},
    unreduced=lambda inputs, o: preference_blocks(inputs, o, lambda d, beta: relu(1 - beta * d)),
    cases=list(preference_cases([0.85, 1.15], kink=2)),
)
