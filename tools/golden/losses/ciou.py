"""Zheng et al., Distance-IoU Loss, 2020, eq. 8–11; boxes as torchvision has them."""

from isoloss_oracle.boxes import box_blocks, box_cases, torchvision_check
from isoloss_oracle.crosscheck import Known
from isoloss_oracle.loss import Loss

KNOWN = (
    Known(
        "torchvision divides by a height of 0: NaN, or an aspect of ∞ where ours is 0",
        ("torchvision",),
        keys=("points-none", "point-in-box-none", "flat-none"),
    ),
    Known("torchvision doesn't hand its eps on to the distance part", ("torchvision",), lambda c: "eps" in c.options),
)

LOSS = Loss(
    id="ciou",
    paper="Zheng et al., Distance-IoU Loss, 2020, eq. 8–11",
    defaults={"eps": 1e-7},
    unreduced=lambda inputs, o: box_blocks(inputs, o, lambda g: g.ciou()),
    cases=list(box_cases({"overlapping": 0.968254})),
    checks=[torchvision_check("complete_box_iou_loss", KNOWN)],
)
