"""Losses over alignments."""

import torch
import torch.nn.functional as F


def ctc(logProbs, targets, inputLengths, targetLengths, *, blank, zeroInfinity, logits, **_):
    log_probs = F.log_softmax(logProbs, dim=-1) if logits else logProbs
    return F.ctc_loss(log_probs, targets, inputLengths, targetLengths, blank=blank, zero_infinity=zeroInfinity)


def rnnt(logits, targets, inputLengths, targetLengths, *, blank, **_):
    """torchaudio has a kernel; in torch alone it is a loop over frames, the labels of a frame by one logcumsumexp."""
    log_p = F.log_softmax(logits, dim=-1)
    N, T, V, _C = logits.shape
    of_blank = log_p[..., blank]
    index = targets.reshape(N, 1, V - 1, 1).expand(N, T, V - 1, 1)
    of_label = log_p[:, :, :-1].gather(3, index).squeeze(3)
    # α(t, u) = L(u) + logcumsumexp(entering − L)(u) with L(u) the labels' sum up to u.
    sums = F.pad(of_label.cumsum(2), (1, 0))
    entering = torch.full((N, V), -torch.inf, dtype=logits.dtype)
    entering[:, 0] = 0
    leaving = []
    for t in range(T):
        # In the first frame only position 0 is entered: logcumsumexp over −∞ would have no gradient.
        alpha = sums[:, 0] if t == 0 else sums[:, t] + torch.logcumsumexp(entering - sums[:, t], 1)
        entering = alpha + of_blank[:, t]
        leaving.append(entering)
    ends = torch.stack(leaving, 1)[torch.arange(N), inputLengths - 1, targetLengths]
    return -ends.mean()
