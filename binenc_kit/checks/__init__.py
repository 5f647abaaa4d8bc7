"""Answers to exercises, checked: what is right, or which slip it looks like.

`checks.pull(my_pull)` prints one line, and a notebook goes on either way. With the
environment variable BINENC_KIT_CHECKS=strict a wrong answer raises: so the solutions are tested.
"""

from binenc_kit.checks.four_heads import ablation as ablation
from binenc_kit.checks.four_heads import mirror as mirror
from binenc_kit.checks.four_heads import penultimate as penultimate
from binenc_kit.checks.one_step import training_step as training_step
from binenc_kit.checks.push_pull import descent_step as descent_step
from binenc_kit.checks.push_pull import pull as pull
from binenc_kit.checks.push_pull import radius as radius
from binenc_kit.checks.push_pull import silu_floor as silu_floor
from binenc_kit.checks.quickstart import code as code
from binenc_kit.checks.quickstart import fewest as fewest
from binenc_kit.checks.quickstart import nearest as nearest
from binenc_kit.checks.verdict import Slip as Slip
