//! Where a token lies in the image.

/// Rows and columns of tokens in the order in which the encoder holds them, told from a value of two integers per token.
#[derive(Debug, Clone, Default)]
pub struct Cells {
    places: Vec<[i32; 2]>,
}

/// A token's cell, or the first of the cells that were merged into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    pub row: i32,
    pub column: i32,
    pub rows: i32,
    pub columns: i32,
}

impl Cells {
    /// From a value's shape and bytes, if it is such a table.
    pub fn read(shape: &[u64], bytes: &[u8]) -> Option<Self> {
        let [count, 2] = shape else { return None };
        let number = |b: &[u8]| b.try_into().map(i32::from_le_bytes).unwrap_or_default();
        let places: Vec<[i32; 2]> = bytes.chunks_exact(8).map(|pair| [number(&pair[..4]), number(&pair[4..])]).collect();
        let sound = places.len() as u64 == *count && places.iter().flatten().all(|v| (0..1 << 20).contains(v));
        (sound && !places.is_empty()).then_some(Self { places })
    }

    /// The cell of a row of a value with so many rows: as many as there are cells, or a whole part of that.
    pub fn cell(&self, row: u64, rows: u64) -> Option<Cell> {
        let count = self.places.len() as u64;
        if rows == 0 || rows > count || !count.is_multiple_of(rows) || row >= rows {
            return None;
        }
        let [row, column] = self.places[(row * (count / rows)) as usize];
        let most = |d: usize| self.places.iter().map(|p| p[d]).max().unwrap_or(0) + 1;
        Some(Cell { row, column, rows: most(0), columns: most(1) })
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "row {}, column {} of {} x {} cells", self.row, self.column, self.rows, self.columns)
    }
}
