"""Azar et al., A General Theoretical Paradigm (IPO), 2023, eq. 17: (d − 1/(2β))²."""

from isoloss_oracle.loss import Loss
from isoloss_oracle.preference import preference_blocks, preference_cases

LOSS = Loss(
    id="ipo",
    paper="Azar et al., A General Theoretical Paradigm to Understand Learning from Human Preferences, 2023",
    defaults={"beta": 0.1},
    unreduced=lambda inputs, o: preference_blocks(inputs, o, lambda d, beta: (d - 1 / (2 * beta)) ** 2),
    cases=list(preference_cases([12.25, 42.25])),
)
