"""The networks by name. Imports no torch. Public surface: ``NETWORKS``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from recognition.networks.spec import NetworkShape, NetworkSpec

if TYPE_CHECKING:
    from recognition.networks.base import FaceNetwork

__all__ = ["NETWORKS"]


def _from(module: str, function: str = "build") -> Callable[[NetworkShape], FaceNetwork]:
    """The builder of a module, which is imported when a network is built."""

    def build(shape: NetworkShape) -> FaceNetwork:
        builder: Callable[[NetworkShape], FaceNetwork] = getattr(
            import_module(f"recognition.networks.{module}"), function
        )
        return builder(shape)

    return build


_SPECS = (
    NetworkSpec(
        name="inception-resnet-v1",
        input_px=160,
        embedding_size=512,
        parameters=23_482_624,
        flops=1_417_662_304,
        source="Szegedy et al. 2016 with facenet's bottleneck; batch normalisation with gamma, as "
        "facenet-pytorch has it (facenet's own, without: 23,467,824)",
        build=_from("inception_resnet_v1"),
    ),
    NetworkSpec(
        name="inception-resnet-v2",
        input_px=160,
        embedding_size=512,
        parameters=55_093_920,
        flops=2_877_188_960,
        source="Szegedy et al. 2016 as in TensorFlow slim, with the bottleneck of v1",
        build=_from("inception_resnet_v2"),
    ),
    NetworkSpec(
        name="squeezenet",
        input_px=160,
        embedding_size=512,
        parameters=1_764_424,
        flops=416_749_056,
        source="Iandola et al. 2016, version 1.0, with facenet's batch normalisation and bottleneck",
        build=_from("squeezenet"),
    ),
    NetworkSpec(
        name="nn1",
        input_px=220,
        embedding_size=128,
        parameters=140_028_224,
        flops=1_605_944_064,
        source="Schroff et al. 2015, table 1; batch normalisation for its response normalisation",
        build=_from("nn1"),
    ),
    NetworkSpec(
        name="nn2",
        input_px=224,
        embedding_size=128,
        parameters=7_464_224,
        flops=1_596_530_688,
        source="Schroff et al. 2015, table 2; batch normalisation for its response normalisation",
        build=_from("nn2"),
    ),
    NetworkSpec(
        name="nn3",
        input_px=160,
        embedding_size=128,
        parameters=7_464_224,
        flops=814_620_672,
        source="Schroff et al. 2015: NN2 at 160 px",
        build=_from("nn3"),
    ),
    NetworkSpec(
        name="nn4",
        input_px=96,
        embedding_size=128,
        parameters=6_951_520,
        flops=288_870_400,
        source="Schroff et al. 2015: NN2 at 96 px without 5x5 in the last modules; widths of "
        "facenet's tmp/nn4.py",
        build=_from("nn4"),
    ),
    NetworkSpec(
        name="nn4-small2",
        input_px=96,
        embedding_size=128,
        parameters=3_733_968,
        flops=206_919_680,
        source="OpenFace's nn4.small2 (Amos et al. 2016); batch normalisation alone where it has "
        "response normalisation too",
        build=_from("nn4_small2"),
    ),
    NetworkSpec(
        name="nns1",
        input_px=165,
        embedding_size=128,
        parameters=26_072_096,
        flops=221_184_736,
        source="our own design to the budget of Schroff et al. 2015: 26 M parameters, 220 M FLOPs",
        build=_from("nns1"),
    ),
    NetworkSpec(
        name="nns2",
        input_px=128,
        embedding_size=128,
        parameters=4_319_436,
        flops=19_933_184,
        source="our own design to the budget of Schroff et al. 2015: 4.3 M parameters, 20 M FLOPs; "
        "square, with the pixels of its 140x116",
        build=_from("nns2"),
    ),
    NetworkSpec(
        name="resface-20",
        input_px=112,
        embedding_size=512,
        parameters=24_510_848,
        flops=2_041_360_384,
        source="Liu et al. 2017 (SphereFace-20) as the AM-Softmax project trained it",
        build=_from("resface", "resface_20"),
    ),
    NetworkSpec(
        name="resface-36",
        input_px=112,
        embedding_size=512,
        parameters=29_901_056,
        flops=3_659_837_440,
        source="Liu et al. 2017 (SphereFace-36) as the AM-Softmax project trained it: one unit of "
        "512 channels for the paper's two",
        build=_from("resface", "resface_36"),
    ),
    NetworkSpec(
        name="iresnet-50",
        input_px=112,
        embedding_size=512,
        parameters=43_590_848,
        flops=6_309_330_944,
        source="Deng et al. 2019 (ArcFace): L-ResNet50E-IR",
        build=_from("iresnet", "iresnet_50"),
    ),
    NetworkSpec(
        name="iresnet-100",
        input_px=112,
        embedding_size=512,
        parameters=65_156_160,
        flops=12_089_606_144,
        source="Deng et al. 2019 (ArcFace): L-ResNet100E-IR",
        build=_from("iresnet", "iresnet_100"),
    ),
    NetworkSpec(
        name="iresnet-152",
        input_px=112,
        embedding_size=512,
        parameters=70_765_760,
        flops=12_320_817_152,
        source="Deng et al. 2019 (ArcFace): L-ResNet152E-IR",
        build=_from("iresnet", "iresnet_152"),
    ),
    NetworkSpec(
        name="iresnet-50-se",
        input_px=112,
        embedding_size=512,
        parameters=43_819_756,
        flops=6_309_553_664,
        source="L-ResNet50E-IR with squeeze and excitation (Hu et al. 2018, ratio 16)",
        build=_from("iresnet", "iresnet_50_se"),
    ),
    NetworkSpec(
        name="iresnet-100-se",
        input_px=112,
        embedding_size=512,
        parameters=65_540_148,
        flops=12_089_978_368,
        source="L-ResNet100E-IR with squeeze and excitation (Hu et al. 2018, ratio 16)",
        build=_from("iresnet", "iresnet_100_se"),
    ),
    NetworkSpec(
        name="iresnet-152-se",
        input_px=112,
        embedding_size=512,
        parameters=71_189_612,
        flops=12_321_228_288,
        source="L-ResNet152E-IR with squeeze and excitation (Hu et al. 2018, ratio 16)",
        build=_from("iresnet", "iresnet_152_se"),
    ),
    NetworkSpec(
        name="mobilefacenet",
        input_px=112,
        embedding_size=128,
        parameters=1_003_136,
        flops=220_965_376,
        source="Chen et al. 2018, table 1",
        build=_from("mobilefacenet"),
    ),
    NetworkSpec(
        name="vgg-16",
        input_px=224,
        embedding_size=128,
        parameters=134_784_960,
        flops=15_466_692_608,
        source="Simonyan and Zisserman 2015, configuration D; Parkhi et al. 2015 (VGG-Face)",
        build=_from("vgg", "vgg_16"),
    ),
    NetworkSpec(
        name="vgg-19",
        input_px=224,
        embedding_size=128,
        parameters=140_094_656,
        flops=19_628_490_752,
        source="Simonyan and Zisserman 2015, configuration E",
        build=_from("vgg", "vgg_19"),
    ),
    NetworkSpec(
        name="dummy",
        input_px=32,
        embedding_size=128,
        parameters=393_344,
        flops=393_216,
        source="facenet's models/dummy.py without its batch normalisation; for tests",
        build=_from("dummy"),
    ),
)

NETWORKS: Mapping[str, NetworkSpec] = MappingProxyType({spec.name: spec for spec in _SPECS})
"""Every network, in the order in which the table of them is printed."""
