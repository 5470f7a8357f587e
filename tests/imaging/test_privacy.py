"""Test that nothing which identifies a patient leaves the reader, by any way out."""

import logging
import traceback
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from mammo.errors import ImageError
from mammo.imaging import read_image
from mammo.imaging.dicom_header import WHITELIST
from tests.imaging.makers import SECRETS, dicom_bytes, ramp

FILM = ramp()
NAME = SECRETS["PatientName"]


def _nested() -> list[Dataset]:
    item = Dataset()
    item.PatientName, item.LUTExplanation, item.CodeMeaning = NAME, NAME, NAME
    item.CodeValue = "399162004"
    return [item]


def _way_out(action: Callable[[], Any], caplog: pytest.LogCaptureFixture) -> str:
    """Return everything that an action says: result, error, its causes, warnings, log."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.DEBUG):
        warnings.simplefilter("always")
        try:
            image = action()
            said.append(f"{image!r} {image} {vars(image)}")
        except ImageError as error:
            said += [repr(error), *traceback.format_exception(error)]
    said += [str(warning.message) for warning in caught]
    return " ".join([*said, caplog.text])


WHOLE = dicom_bytes(FILM, **SECRETS, ViewCodeSequence=_nested(), VOILUTSequence=_nested())


@pytest.mark.parametrize(
    "content",
    [
        WHOLE,
        WHOLE[:-500],
        WHOLE[: len(WHOLE) // 4],
        dicom_bytes(FILM, **SECRETS, PhotometricInterpretation="RGB", SamplesPerPixel=3),
        dicom_bytes(FILM, **SECRETS, BitsStored=3, HighBit=2),
        dicom_bytes(FILM, **SECRETS, Rows=60_000, Columns=60_000),
        dicom_bytes(FILM, **SECRETS, BurnedInAnnotation="YES", NumberOfFrames=7),
        dicom_bytes(FILM, **SECRETS, SpecificCharacterSet="ISO_IR 192"),
    ],
)
def test_patient_data_do_not_leave_the_reader(
    content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert NAME.encode() in content
    said = _way_out(lambda: read_image(content), caplog)
    for secret in SECRETS.values():
        assert secret not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ImageLaterality", NAME),
        ("Laterality", NAME),
        ("ViewPosition", NAME),
        ("PatientOrientation", NAME),
        ("Modality", NAME),
        ("ConversionType", NAME),
        ("PresentationIntentType", NAME),
        ("BurnedInAnnotation", NAME),
        ("PhotometricInterpretation", NAME),
        ("VOILUTFunction", NAME),
        ("SpecificCharacterSet", NAME),
        ("SOPClassUID", NAME),
    ],
)
def test_a_name_written_into_another_tag_does_not_leave_either(
    name: str, value: str, caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's writer objects, rightly
        content = dicom_bytes(FILM, WindowCenter=9, WindowWidth=9, **{name: "CS"}).replace(
            *_stretched(name, value)
        )
    said = _way_out(lambda: read_image(content), caplog)
    assert NAME not in said
    assert "Dulcinea" not in said


def _stretched(name: str, value: str) -> tuple[bytes, bytes]:
    """Return the bytes of an element with the value "CS", and those with another value."""
    tag = int(tag_for_keyword(name) or 0)
    start = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little")
    start += dictionary_VR(tag).encode()
    return start + b"\x02\0CS", start + len(value).to_bytes(2, "little") + value.encode()


def test_the_whitelist_holds_no_tag_of_a_patient_or_a_date() -> None:
    groups = {tag >> 16 for tag in WHITELIST}
    assert 0x0010 not in groups  # PS3.6: group 0010 is the patient
    dates_and_persons = {0x0008_0020, 0x0008_0030, 0x0008_0050, 0x0008_0080, 0x0008_0090}
    assert not dates_and_persons & set(WHITELIST)
    assert not {0x0020_000D, 0x0020_000E, 0x0008_0018, 0x0020_0010} & set(WHITELIST)
