//! Metadata values of a GGUF file: the thirteen types, their ids and their names.

use std::fmt;

/// Type of a metadata value, by its id in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum MetaType {
    U8 = 0,
    I8 = 1,
    U16 = 2,
    I16 = 3,
    U32 = 4,
    I32 = 5,
    F32 = 6,
    Bool = 7,
    String = 8,
    Array = 9,
    U64 = 10,
    I64 = 11,
    F64 = 12,
}

impl MetaType {
    /// Every type, by ascending id.
    pub const ALL: [MetaType; 13] = [
        MetaType::U8,
        MetaType::I8,
        MetaType::U16,
        MetaType::I16,
        MetaType::U32,
        MetaType::I32,
        MetaType::F32,
        MetaType::Bool,
        MetaType::String,
        MetaType::Array,
        MetaType::U64,
        MetaType::I64,
        MetaType::F64,
    ];

    pub fn id(self) -> u32 {
        self as u32
    }

    pub fn from_id(id: u32) -> Option<Self> {
        Self::ALL.get(usize::try_from(id).ok()?).copied()
    }

    pub fn name(self) -> &'static str {
        match self {
            MetaType::U8 => "u8",
            MetaType::I8 => "i8",
            MetaType::U16 => "u16",
            MetaType::I16 => "i16",
            MetaType::U32 => "u32",
            MetaType::I32 => "i32",
            MetaType::F32 => "f32",
            MetaType::Bool => "bool",
            MetaType::String => "string",
            MetaType::Array => "array",
            MetaType::U64 => "u64",
            MetaType::I64 => "i64",
            MetaType::F64 => "f64",
        }
    }

    /// Fewest bytes a value of this type takes in a file.
    pub fn min_bytes(self) -> u64 {
        match self {
            MetaType::U8 | MetaType::I8 | MetaType::Bool => 1,
            MetaType::U16 | MetaType::I16 => 2,
            MetaType::U32 | MetaType::I32 | MetaType::F32 => 4,
            MetaType::U64 | MetaType::I64 | MetaType::F64 | MetaType::String => 8,
            MetaType::Array => 12,
        }
    }

    /// All types as `u8 (0), i8 (1), …`, for messages.
    pub fn list() -> String {
        Self::ALL.iter().map(|t| format!("{t} ({})", t.id())).collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for MetaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One metadata value.
#[derive(Debug, Clone, PartialEq)]
pub enum MetaValue {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    F32(f32),
    Bool(bool),
    String(String),
    Array(MetaArray),
    U64(u64),
    I64(i64),
    F64(f64),
}

/// An array of scalars or strings. The element type is known even of an empty array.
#[derive(Debug, Clone, PartialEq)]
pub enum MetaArray {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    F32(Vec<f32>),
    Bool(Vec<bool>),
    String(Vec<String>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F64(Vec<f64>),
}

impl MetaValue {
    pub fn meta_type(&self) -> MetaType {
        match self {
            MetaValue::U8(_) => MetaType::U8,
            MetaValue::I8(_) => MetaType::I8,
            MetaValue::U16(_) => MetaType::U16,
            MetaValue::I16(_) => MetaType::I16,
            MetaValue::U32(_) => MetaType::U32,
            MetaValue::I32(_) => MetaType::I32,
            MetaValue::F32(_) => MetaType::F32,
            MetaValue::Bool(_) => MetaType::Bool,
            MetaValue::String(_) => MetaType::String,
            MetaValue::Array(_) => MetaType::Array,
            MetaValue::U64(_) => MetaType::U64,
            MetaValue::I64(_) => MetaType::I64,
            MetaValue::F64(_) => MetaType::F64,
        }
    }

    /// `u32`, `string`, `f32[3]`: the type as messages show it.
    pub fn describe_type(&self) -> String {
        match self {
            MetaValue::Array(a) => format!("{}[{}]", a.element_type(), a.len()),
            scalar => scalar.meta_type().name().to_string(),
        }
    }

    /// The value of any integer type.
    pub fn as_integer(&self) -> Option<i128> {
        Some(match *self {
            MetaValue::U8(v) => v.into(),
            MetaValue::I8(v) => v.into(),
            MetaValue::U16(v) => v.into(),
            MetaValue::I16(v) => v.into(),
            MetaValue::U32(v) => v.into(),
            MetaValue::I32(v) => v.into(),
            MetaValue::U64(v) => v.into(),
            MetaValue::I64(v) => v.into(),
            _ => return None,
        })
    }
}

impl MetaArray {
    pub fn element_type(&self) -> MetaType {
        match self {
            MetaArray::U8(_) => MetaType::U8,
            MetaArray::I8(_) => MetaType::I8,
            MetaArray::U16(_) => MetaType::U16,
            MetaArray::I16(_) => MetaType::I16,
            MetaArray::U32(_) => MetaType::U32,
            MetaArray::I32(_) => MetaType::I32,
            MetaArray::F32(_) => MetaType::F32,
            MetaArray::Bool(_) => MetaType::Bool,
            MetaArray::String(_) => MetaType::String,
            MetaArray::U64(_) => MetaType::U64,
            MetaArray::I64(_) => MetaType::I64,
            MetaArray::F64(_) => MetaType::F64,
        }
    }

    pub fn len(&self) -> usize {
        match self {
            MetaArray::U8(v) => v.len(),
            MetaArray::I8(v) => v.len(),
            MetaArray::U16(v) => v.len(),
            MetaArray::I16(v) => v.len(),
            MetaArray::U32(v) => v.len(),
            MetaArray::I32(v) => v.len(),
            MetaArray::F32(v) => v.len(),
            MetaArray::Bool(v) => v.len(),
            MetaArray::String(v) => v.len(),
            MetaArray::U64(v) => v.len(),
            MetaArray::I64(v) => v.len(),
            MetaArray::F64(v) => v.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of an array of any integer type.
    pub fn as_integers(&self) -> Option<Vec<i128>> {
        Some(match self {
            MetaArray::U8(v) => v.iter().map(|&x| x.into()).collect(),
            MetaArray::I8(v) => v.iter().map(|&x| x.into()).collect(),
            MetaArray::U16(v) => v.iter().map(|&x| x.into()).collect(),
            MetaArray::I16(v) => v.iter().map(|&x| x.into()).collect(),
            MetaArray::U32(v) => v.iter().map(|&x| x.into()).collect(),
            MetaArray::I32(v) => v.iter().map(|&x| x.into()).collect(),
            MetaArray::U64(v) => v.iter().map(|&x| x.into()).collect(),
            MetaArray::I64(v) => v.iter().map(|&x| x.into()).collect(),
            MetaArray::F32(_) | MetaArray::F64(_) | MetaArray::Bool(_) | MetaArray::String(_) => return None,
        })
    }
}

/// The value as a person would type it; long arrays and strings are cut.
impl fmt::Display for MetaValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MetaValue::U8(v) => write!(f, "{v}"),
            MetaValue::I8(v) => write!(f, "{v}"),
            MetaValue::U16(v) => write!(f, "{v}"),
            MetaValue::I16(v) => write!(f, "{v}"),
            MetaValue::U32(v) => write!(f, "{v}"),
            MetaValue::I32(v) => write!(f, "{v}"),
            MetaValue::U64(v) => write!(f, "{v}"),
            MetaValue::I64(v) => write!(f, "{v}"),
            MetaValue::F32(v) => write!(f, "{v:?}"),
            MetaValue::F64(v) => write!(f, "{v:?}"),
            MetaValue::Bool(v) => write!(f, "{v}"),
            MetaValue::String(v) => write_string(f, v),
            MetaValue::Array(v) => write!(f, "{v}"),
        }
    }
}

impl fmt::Display for MetaArray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MetaArray::U8(v) => write_list(f, v, |f, x| write!(f, "{x}")),
            MetaArray::I8(v) => write_list(f, v, |f, x| write!(f, "{x}")),
            MetaArray::U16(v) => write_list(f, v, |f, x| write!(f, "{x}")),
            MetaArray::I16(v) => write_list(f, v, |f, x| write!(f, "{x}")),
            MetaArray::U32(v) => write_list(f, v, |f, x| write!(f, "{x}")),
            MetaArray::I32(v) => write_list(f, v, |f, x| write!(f, "{x}")),
            MetaArray::U64(v) => write_list(f, v, |f, x| write!(f, "{x}")),
            MetaArray::I64(v) => write_list(f, v, |f, x| write!(f, "{x}")),
            MetaArray::F32(v) => write_list(f, v, |f, x| write!(f, "{x:?}")),
            MetaArray::F64(v) => write_list(f, v, |f, x| write!(f, "{x:?}")),
            MetaArray::Bool(v) => write_list(f, v, |f, x| write!(f, "{x}")),
            MetaArray::String(v) => write_list(f, v, |f, x| write_string(f, x)),
        }
    }
}

fn write_string(f: &mut fmt::Formatter<'_>, s: &str) -> fmt::Result {
    const MOST: usize = 60;
    match s.char_indices().nth(MOST) {
        None => write!(f, "{s:?}"),
        Some((end, _)) => write!(f, "{:?}… ({} bytes)", &s[..end], s.len()),
    }
}

fn write_list<T>(f: &mut fmt::Formatter<'_>, values: &[T], show: impl Fn(&mut fmt::Formatter<'_>, &T) -> fmt::Result) -> fmt::Result {
    const MOST: usize = 8;
    f.write_str("[")?;
    for (i, value) in values.iter().take(MOST).enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        show(f, value)?;
    }
    if values.len() > MOST {
        write!(f, ", … ({} in all)", values.len())?;
    }
    f.write_str("]")
}

macro_rules! from_rust {
    ($($variant:ident $rust:ty),* $(,)?) => {
        $(
            impl From<$rust> for MetaValue {
                fn from(value: $rust) -> Self {
                    MetaValue::$variant(value)
                }
            }

            impl From<Vec<$rust>> for MetaValue {
                fn from(values: Vec<$rust>) -> Self {
                    MetaValue::Array(MetaArray::$variant(values))
                }
            }
        )*
    };
}

from_rust!(U8 u8, I8 i8, U16 u16, I16 i16, U32 u32, I32 i32, F32 f32, Bool bool, String String, U64 u64, I64 i64, F64 f64);

impl From<&str> for MetaValue {
    fn from(value: &str) -> Self {
        MetaValue::String(value.to_string())
    }
}
