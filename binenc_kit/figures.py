"""Matplotlib figures for runs; each function returns a Figure whose label is its alt text."""

from binenc_kit.circle import circle as circle
from binenc_kit.curves import accuracy_by_epoch as accuracy_by_epoch
from binenc_kit.curves import binarity_by_epoch as binarity_by_epoch
from binenc_kit.curves import code_agreement_by_epoch as code_agreement_by_epoch
from binenc_kit.curves import collapse_by_epoch as collapse_by_epoch
from binenc_kit.curves import sigma_w_by_epoch as sigma_w_by_epoch
from binenc_kit.curves import simplex_by_epoch as simplex_by_epoch
from binenc_kit.display import alt_text as alt_text
from binenc_kit.display import save as save
from binenc_kit.display import show as show
from binenc_kit.display import to_png as to_png
from binenc_kit.pairs import class_means as class_means
from binenc_kit.palette import STYLES as STYLES
from binenc_kit.pictures import deepfool_strips as deepfool_strips
from binenc_kit.pictures import samples as samples
from binenc_kit.portraits import MOST_BITS as MOST_BITS
from binenc_kit.portraits import MOST_CLASSES as MOST_CLASSES
from binenc_kit.portraits import MOST_DIMENSIONS as MOST_DIMENSIONS
from binenc_kit.portraits import PURE as PURE
from binenc_kit.portraits import codebook as codebook
from binenc_kit.portraits import latent_histograms as latent_histograms
from binenc_kit.rates import accuracy_by_lr as accuracy_by_lr
from binenc_kit.roc import roc_curves as roc_curves
