//! RTP packets as numpy has them: one structured item of 32 bytes each, laid out as the core's.

use crate::arrays::{class_of, one_dimension};
use crate::convert::{self, int, made, tuple};
use crate::error::to_py;
use numpy::{Element, PyArray1, PyArrayDescr, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use std::mem::{align_of, offset_of, size_of};
use streamgauge::rtp::Packet;

/// A packet within an array.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Cell(Packet);

// SAFETY: the descriptor is made of the offsets and the size of `Packet`, which is `repr(C)`, has
// integers only, and takes any bits.
unsafe impl Element for Cell {
    const IS_COPY: bool = true;

    fn get_dtype(py: Python<'_>) -> Bound<'_, PyArrayDescr> {
        dtype(py).expect("numpy takes the layout of a packet").clone()
    }

    fn clone_ref(&self, _py: Python<'_>) -> Cell {
        *self
    }
}

fn dtype(py: Python<'_>) -> PyResult<&Bound<'_, PyArrayDescr>> {
    static DTYPE: PyOnceLock<Py<PyArrayDescr>> = PyOnceLock::new();
    let made = DTYPE.get_or_try_init(py, || -> PyResult<Py<PyArrayDescr>> {
        let fields = [
            ("arrival_us", "=i8", offset_of!(Packet, arrival_us)),
            ("ssrc", "=u4", offset_of!(Packet, ssrc)),
            ("rtp_timestamp", "=u4", offset_of!(Packet, rtp_timestamp)),
            ("sequence", "=u2", offset_of!(Packet, sequence)),
            ("wire_bytes", "=u2", offset_of!(Packet, wire_bytes)),
            ("header_bytes", "=u2", offset_of!(Packet, header_bytes)),
            ("payload_type", "=u1", offset_of!(Packet, payload_type)),
            ("padding_bytes", "=u1", offset_of!(Packet, padding_bytes)),
            ("flags", "=u1", offset_of!(Packet, flags)),
        ];
        let layout = PyDict::new(py);
        layout.set_item("names", fields.map(|field| field.0))?;
        layout.set_item("formats", fields.map(|field| field.1))?;
        layout.set_item("offsets", fields.map(|field| field.2))?;
        layout.set_item("itemsize", size_of::<Packet>())?;
        // Numpy joins arrays of an aligned structure without packing it.
        let aligned = PyDict::new(py);
        aligned.set_item("align", true)?;
        let dtype = py.import("numpy")?.getattr("dtype")?.call((layout,), Some(&aligned))?;
        Ok(dtype.cast_into::<PyArrayDescr>()?.unbind())
    })?;
    Ok(made.bind(py))
}

/// The dtype of an array of packets.
#[pyfunction]
pub(crate) fn _packet_dtype(py: Python<'_>) -> PyResult<Bound<'_, PyArrayDescr>> {
    dtype(py).cloned()
}

/// Packets of an array.
pub(crate) enum Packets<'py> {
    /// Over the array's own memory.
    Borrowed(PyReadonlyArray1<'py, Cell>),
    /// Of an array that is not contiguous, not aligned, or of another layout.
    Copied(Vec<Packet>),
}

impl<'py> Packets<'py> {
    /// The packets of `given`, which must be an array of them.
    pub(crate) fn of(given: &Bound<'py, PyAny>) -> PyResult<Packets<'py>> {
        let expected = "expected an array of streamgauge.PACKET_DTYPE, as streamgauge.packets() makes it";
        let Some(array) = one_dimension("packets", given)? else {
            return Err(PyTypeError::new_err(format!("packets is {}: {expected}", class_of(given))));
        };
        let wanted = dtype(given.py())?;
        let packets = match given.cast::<PyArray1<Cell>>() {
            Ok(packets) => packets.clone(),
            Err(_) if same_fields(&array.dtype(), wanted)? => {
                given.call_method1("astype", (wanted,))?.cast_into::<PyArray1<Cell>>()?
            }
            Err(_) => {
                let message = format!("packets has dtype {}: {expected}", array.dtype());
                return Err(PyTypeError::new_err(message));
            }
        };
        let packets = packets.readonly();
        // Numpy calls a structure of this kind aligned wherever it lies.
        let aligned = (packets.data() as usize).is_multiple_of(align_of::<Packet>());
        if packets.is_contiguous() && aligned {
            return Ok(Packets::Borrowed(packets));
        }
        let stride = packets.strides()[0];
        let copied = (0..packets.len() as isize).map(|index| {
            // SAFETY: item `index` of the array begins at that many strides from its data, and any bits
            // are a packet.
            unsafe { packets.data().byte_offset(index * stride).read_unaligned().0 }
        });
        Ok(Packets::Copied(copied.collect()))
    }

    pub(crate) fn as_slice(&self) -> &[Packet] {
        match self {
            Packets::Borrowed(array) if array.len() == 0 => &[],
            // SAFETY: the array is contiguous and aligned, as `of` checked, and `Cell` is a packet.
            Packets::Borrowed(array) => unsafe {
                std::slice::from_raw_parts(array.data().cast(), array.len())
            },
            Packets::Copied(packets) => packets,
        }
    }
}

/// Whether a dtype has the same fields at other places, as one that numpy packed.
fn same_fields(given: &Bound<'_, PyArrayDescr>, wanted: &Bound<'_, PyArrayDescr>) -> PyResult<bool> {
    let names = wanted.getattr("names")?;
    if !given.getattr("names")?.eq(&names)? {
        return Ok(false);
    }
    for name in names.try_iter()? {
        let name = name?;
        if !given.get_item(&name)?.eq(wanted.get_item(&name)?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads the header of a raw packet.
#[pyfunction]
#[pyo3(signature = (data, /, arrival_us, *, flags = None))]
pub(crate) fn parse_packet<'py>(
    py: Python<'py>,
    data: &Bound<'py, PyAny>,
    arrival_us: &Bound<'py, PyAny>,
    flags: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let packet = parse(data, arrival_us, flags)?;
    let fields = tuple![
        py,
        packet.arrival_us,
        packet.ssrc,
        packet.rtp_timestamp,
        packet.sequence,
        packet.wire_bytes,
        packet.header_bytes,
        packet.payload_type,
        packet.padding_bytes,
        packet.flags,
    ];
    made(py, "_packets", "Packet", fields)
}

/// The packet that `data` is.
pub(crate) fn parse(
    data: &Bound<'_, PyAny>,
    arrival_us: &Bound<'_, PyAny>,
    flags: Option<&Bound<'_, PyAny>>,
) -> PyResult<Packet> {
    let bytes = convert::bytes("data", data)?;
    let arrival_us = int("arrival_us", arrival_us)?;
    let flags = flags.map_or(Ok(0), |flags| int("flags", flags))?;
    Packet::parse(&bytes, arrival_us, flags).map_err(|error| to_py(data.py(), &error))
}
