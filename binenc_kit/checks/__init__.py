"""Answers to exercises, checked: what is right, or which slip it looks like.

`checks.pull(my_pull)` prints one line, and a notebook goes on either way. With the
environment variable BINENC_KIT_CHECKS=strict a wrong answer raises: so the solutions are tested.
"""

from binenc_kit.checks.attacking import bisection as bisection
from binenc_kit.checks.attacking import blinded as blinded
from binenc_kit.checks.attacking import border_step as border_step
from binenc_kit.checks.attacking import contest_verdicts as contest_verdicts
from binenc_kit.checks.attacking import relative_norm as relative_norm
from binenc_kit.checks.binary import bit_agreement as bit_agreement
from binenc_kit.checks.binary import ceiling as ceiling
from binenc_kit.checks.binary import lottery as lottery
from binenc_kit.checks.binary import survivors as survivors
from binenc_kit.checks.binary import two_peaks as two_peaks
from binenc_kit.checks.binary import whole_agreement as whole_agreement
from binenc_kit.checks.epochs import freezing as freezing
from binenc_kit.checks.epochs import luck as luck
from binenc_kit.checks.epochs import symmetry as symmetry
from binenc_kit.checks.four_heads import ablation as ablation
from binenc_kit.checks.four_heads import mirror as mirror
from binenc_kit.checks.four_heads import penultimate as penultimate
from binenc_kit.checks.geometry import fewest_seeds as fewest_seeds
from binenc_kit.checks.geometry import nc1 as nc1
from binenc_kit.checks.geometry import rescaled as rescaled
from binenc_kit.checks.geometry import simplex as simplex
from binenc_kit.checks.geometry import vertex_cosine as vertex_cosine
from binenc_kit.checks.one_step import training_step as training_step
from binenc_kit.checks.point import forces as forces
from binenc_kit.checks.point import million_epoch as million_epoch
from binenc_kit.checks.point import number_gap as number_gap
from binenc_kit.checks.point import scale_decades as scale_decades
from binenc_kit.checks.point import scale_free as scale_free
from binenc_kit.checks.push_pull import descent_step as descent_step
from binenc_kit.checks.push_pull import pull as pull
from binenc_kit.checks.push_pull import radius as radius
from binenc_kit.checks.push_pull import silu_floor as silu_floor
from binenc_kit.checks.quickstart import code as code
from binenc_kit.checks.quickstart import fewest as fewest
from binenc_kit.checks.quickstart import nearest_codes as nearest_codes
from binenc_kit.checks.reliance import auroc as auroc
from binenc_kit.checks.reliance import duels as duels
from binenc_kit.checks.reliance import flattery as flattery
from binenc_kit.checks.reliance import mahalanobis as mahalanobis
from binenc_kit.checks.reliance import mended_sum as mended_sum
from binenc_kit.checks.sphere import best_shape as best_shape
from binenc_kit.checks.sphere import hug_loss as hug_loss
from binenc_kit.checks.sphere import nearest_proxy as nearest_proxy
from binenc_kit.checks.sphere import riesz as riesz
from binenc_kit.checks.transition import capstone as capstone
from binenc_kit.checks.transition import code_border as code_border
from binenc_kit.checks.transition import law_exponent as law_exponent
from binenc_kit.checks.transition import lost_voice as lost_voice
from binenc_kit.checks.transition import own_code as own_code
from binenc_kit.checks.transition import phase_regions as phase_regions
from binenc_kit.checks.verdict import Slip as Slip
