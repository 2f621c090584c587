"""Rezatofighi et al., Generalized Intersection over Union, 2019; boxes as torchvision has them."""

from isoloss_oracle.boxes import box_blocks, box_cases, torchvision_check
from isoloss_oracle.loss import Loss

LOSS = Loss(
    id="giou",
    paper="Rezatofighi et al., Generalized Intersection over Union, 2019",
    defaults={"eps": 1e-7},
    unreduced=lambda inputs, o: box_blocks(inputs, o, lambda g: g.giou()),
    cases=list(box_cases({"overlapping": 1.079365, "disjoint": 1.861111, "touching": 1.0, "points": 1}, same=())),
    checks=[torchvision_check("generalized_box_iou_loss")],
)
