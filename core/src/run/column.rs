//! Columns of integers with a validity bitmap, in the memory layout of Apache Arrow.

/// One bit an item, least significant first; 1 means valid.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Bitmap {
    bytes: Vec<u8>,
    len: usize,
}

impl Bitmap {
    /// `len` bits, all set.
    pub fn all_set(len: usize) -> Bitmap {
        let mut bitmap = Bitmap { bytes: vec![0xff; len.div_ceil(8)], len };
        if !len.is_multiple_of(8) {
            bitmap.bytes[len / 8] = (1 << (len % 8)) - 1;
        }
        bitmap
    }

    /// Appends one bit.
    pub fn push(&mut self, set: bool) {
        if self.len.is_multiple_of(8) {
            self.bytes.push(0);
        }
        self.bytes[self.len / 8] |= u8::from(set) << (self.len % 8);
        self.len += 1;
    }

    /// The bit at `index`.
    pub fn get(&self, index: usize) -> bool {
        assert!(index < self.len, "bit {index} of {}", self.len);
        self.bytes[index / 8] >> (index % 8) & 1 == 1
    }

    /// The bytes; unused high bits of the last one are 0.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bits.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of bits that are 0.
    pub fn count_unset(&self) -> usize {
        self.len - self.bytes.iter().map(|byte| byte.count_ones() as usize).sum::<usize>()
    }
}

/// Values with an optional validity bitmap. Where an item is not valid its value is 0.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Column<T> {
    /// One value an item.
    pub values: Vec<T>,
    /// `None` when every item is valid.
    pub validity: Option<Bitmap>,
}

impl<T: Copy + Default> Column<T> {
    /// Appends a value or a null.
    pub fn push(&mut self, value: Option<T>) {
        match (&mut self.validity, value) {
            (Some(validity), _) => validity.push(value.is_some()),
            (None, Some(_)) => {}
            (none @ None, None) => none.insert(Bitmap::all_set(self.values.len())).push(false),
        }
        self.values.push(value.unwrap_or_default());
    }

    /// Appends values that are all there.
    pub(super) fn extend_valid(&mut self, values: &[T]) {
        self.values.extend_from_slice(values);
        if let Some(validity) = &mut self.validity {
            values.iter().for_each(|_| validity.push(true));
        }
    }

    /// The value at `index`, `None` where it is null.
    pub fn get(&self, index: usize) -> Option<T> {
        self.is_valid(index).then(|| self.values[index])
    }

    /// Whether there is a value at `index`.
    pub fn is_valid(&self, index: usize) -> bool {
        self.validity.as_ref().is_none_or(|validity| validity.get(index))
    }

    /// Number of items, nulls included.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Number of nulls.
    pub fn null_count(&self) -> usize {
        self.validity.as_ref().map_or(0, Bitmap::count_unset)
    }

    /// Every item in order.
    pub fn iter(&self) -> impl Iterator<Item = Option<T>> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// The same column with its items in the order of `order`, which holds each index once.
    pub(super) fn reordered(&self, order: &[u32]) -> Column<T> {
        let at = |index: &u32| self.values[*index as usize];
        let validity = self.validity.as_ref().map(|validity| {
            let mut bits = Bitmap::default();
            order.iter().for_each(|index| bits.push(validity.get(*index as usize)));
            bits
        });
        Column { values: order.iter().map(at).collect(), validity }
    }

    /// Appends another column.
    #[cfg(feature = "sync")]
    pub(super) fn append(&mut self, other: Column<T>) {
        if other.validity.is_none() && self.validity.is_none() {
            self.values.extend_from_slice(&other.values);
        } else {
            other.iter().for_each(|value| self.push(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmap_appears_with_the_first_null() {
        let mut column = Column::default();
        (0..9).for_each(|n| column.push(Some(n)));
        assert_eq!(column.validity, None);
        column.push(None);
        column.push(Some(10));
        assert_eq!(column.null_count(), 1);
        assert_eq!(column.validity.as_ref().unwrap().as_bytes(), &[0xff, 0b101]);
        assert_eq!(column.get(8), Some(8));
        assert_eq!(column.get(9), None);
        let turned = column.reordered(&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
        assert_eq!(turned.get(0), Some(10));
        assert_eq!(turned.get(1), None);
        assert_eq!(turned.null_count(), 1);
    }

    #[test]
    fn all_set_leaves_no_stray_bits() {
        assert_eq!(Bitmap::all_set(8).as_bytes(), &[0xff]);
        assert_eq!(Bitmap::all_set(11).as_bytes(), &[0xff, 0b111]);
        assert_eq!(Bitmap::all_set(11).count_unset(), 0);
        assert_eq!(Bitmap::all_set(0).as_bytes(), &[] as &[u8]);
    }
}
