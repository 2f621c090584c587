"""Unit deviance of the gamma distribution: 2·(ln(x/y) + y/x − 1) of the mean x and the target y."""

from isoloss_oracle.cases import case
from isoloss_oracle.numbers import log
from isoloss_oracle.regression import difference_loss, pair, positive_cases, sklearn_check, torchmetrics_check


def formula(x, y, o):
    return 2 * (log(x / y) + y / x - 1)


OWN = [case("sklearn-mean", pair([1, 2], [1, 5]), "fixture kink", reduction="mean", near=0.5837093)]

LOSS = difference_loss(
    "gammaDeviance",
    "sklearn.metrics.mean_gamma_deviance",
    formula,
    OWN,
    checks=[
        sklearn_check("mean_gamma_deviance", lambda f, y, x, weights, o: f(y, x, sample_weight=weights)),
        torchmetrics_check("tweedie_deviance_score", lambda f, x, y, o: f(x, y, power=2)),
    ],
    cases=positive_cases(),
)
