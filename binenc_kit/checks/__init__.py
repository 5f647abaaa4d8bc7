"""Answers to exercises, checked: what is right, or which slip it looks like.

`checks.pull(my_pull)` prints one line, and a notebook goes on either way. With the
environment variable BINENC_KIT_CHECKS=strict a wrong answer raises: so the solutions are tested.
"""

from binenc_kit.checks.point import forces as forces
from binenc_kit.checks.point import million_epoch as million_epoch
from binenc_kit.checks.point import number_gap as number_gap
from binenc_kit.checks.point import scale_decades as scale_decades
from binenc_kit.checks.point import scale_free as scale_free
from binenc_kit.checks.push_pull import descent_step as descent_step
from binenc_kit.checks.push_pull import pull as pull
from binenc_kit.checks.push_pull import radius as radius
from binenc_kit.checks.push_pull import silu_floor as silu_floor
from binenc_kit.checks.transition import capstone as capstone
from binenc_kit.checks.transition import code_border as code_border
from binenc_kit.checks.transition import law_exponent as law_exponent
from binenc_kit.checks.transition import lost_voice as lost_voice
from binenc_kit.checks.transition import phase_regions as phase_regions
from binenc_kit.checks.verdict import Slip as Slip
