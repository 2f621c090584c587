"""Rafailov et al., Direct Preference Optimization, 2023, eq. 7: −ln σ(β·d)."""

from isoloss_oracle.binary import softplus
from isoloss_oracle.crosscheck import torch_check
from isoloss_oracle.loss import Loss
from isoloss_oracle.preference import preference_blocks, preference_cases


def _torch(F, t, o):
    d = (t.chosen - t.referenceChosen) - (t.rejected - t.referenceRejected)
    losses = -F.logsigmoid(o.beta * d)
    return None if o.reduction == "partial" else losses if o.reduction == "none" else getattr(losses, o.reduction)()


LOSS = Loss(
    id="dpo",
    paper="Rafailov et al., Direct Preference Optimization, 2023",
    defaults={"beta": 0.1},
    unreduced=lambda inputs, o: preference_blocks(inputs, o, lambda d, beta: softplus(-beta * d)),
    cases=list(preference_cases([0.620957, 0.770957])),
    checks=[torch_check("nn.functional.logsigmoid", _torch)],
)
