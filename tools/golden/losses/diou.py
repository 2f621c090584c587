"""Zheng et al., Distance-IoU Loss, 2020, eq. 7; boxes as torchvision has them."""

from isoloss_oracle.boxes import box_blocks, box_cases, torchvision_check
from isoloss_oracle.loss import Loss

LOSS = Loss(
    id="diou",
    paper="Zheng et al., Distance-IoU Loss, 2020, eq. 7",
    defaults={"eps": 1e-7},
    unreduced=lambda inputs, o: box_blocks(inputs, o, lambda g: g.diou()),
    cases=list(box_cases({"overlapping": 0.968254, "disjoint": 1.5625, "touching": 1.2, "points": 1})),
    checks=[torchvision_check("distance_box_iou_loss")],
)
