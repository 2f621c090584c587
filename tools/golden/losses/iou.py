"""Yu et al., UnitBox, 2016, as 1 − IoU; boxes as torchvision has them."""

from isoloss_oracle.boxes import box_blocks, box_cases
from isoloss_oracle.loss import Loss

LOSS = Loss(
    id="iou",
    paper="Yu et al., UnitBox, 2016, as 1 − IoU",
    defaults={"eps": 1e-7},
    unreduced=lambda inputs, o: box_blocks(inputs, o, lambda g: 1 - g.iou),
    cases=list(box_cases({"overlapping": 1 - 1 / 7, "disjoint": 1, "touching": 1, "corner": 1, "points": 1})),
)
