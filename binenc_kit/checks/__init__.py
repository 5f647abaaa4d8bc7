"""Answers to exercises, checked: what is right, or which slip it looks like.

`checks.pull(my_pull)` prints one line, and a notebook goes on either way. With the
environment variable BINENC_KIT_CHECKS=strict a wrong answer raises: so the solutions are tested.
"""

from binenc_kit.checks.binary import bit_agreement as bit_agreement
from binenc_kit.checks.binary import ceiling as ceiling
from binenc_kit.checks.binary import lottery as lottery
from binenc_kit.checks.binary import survivors as survivors
from binenc_kit.checks.binary import two_peaks as two_peaks
from binenc_kit.checks.binary import whole_agreement as whole_agreement
from binenc_kit.checks.epochs import freezing as freezing
from binenc_kit.checks.epochs import luck as luck
from binenc_kit.checks.epochs import symmetry as symmetry
from binenc_kit.checks.push_pull import descent_step as descent_step
from binenc_kit.checks.push_pull import pull as pull
from binenc_kit.checks.push_pull import radius as radius
from binenc_kit.checks.push_pull import silu_floor as silu_floor
from binenc_kit.checks.verdict import Slip as Slip
