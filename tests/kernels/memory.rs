//! Memory that notices misuse: canaries around what a kernel may write, and pages that fault behind what it may read.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::Once;

use memmap2::MmapMut;

const CANARY: u8 = 0xc5;
/// Bytes checked on either side of what a kernel writes.
const MARGIN: usize = 64;
const NO_ACCESS: c_int = 0;
const READ_ONLY: c_int = 1;

unsafe extern "C" {
    fn mprotect(address: *mut c_void, length: usize, access: c_int) -> c_int;
    fn signal(number: c_int, handler: usize) -> usize;
    fn write(file: c_int, bytes: *const u8, count: usize) -> isize;
    fn getpagesize() -> c_int;
}

/// Bytes with an unmapped page behind them.
pub struct Buffer {
    map: MmapMut,
    start: usize,
    len: usize,
    /// First byte of the unmapped page.
    end: usize,
}

impl Buffer {
    /// Bytes that end where the unmapped page begins, and cannot be written once they are placed.
    pub fn input(bytes: &[u8]) -> Self {
        let mut buffer = Self::new(bytes.len(), 0, 1);
        buffer.bytes_mut().copy_from_slice(bytes);
        protect(buffer.map.as_mut_ptr(), buffer.end, READ_ONLY);
        buffer
    }

    /// Bytes between canaries. Their address is a multiple of `align`, and of nothing larger for small alignments.
    pub fn guarded(len: usize, align: usize) -> Self {
        Self::new(len, MARGIN, align)
    }

    fn new(len: usize, margin: usize, align: usize) -> Self {
        let page = page_size();
        let end = (len + 2 * margin + align).next_multiple_of(page);
        let mut map = MmapMut::map_anon(end + page).expect("anonymous memory");
        let start = (end - margin - len) / align * align;
        map[..end].fill(CANARY);
        // SAFETY: the page lies inside the mapping, and nothing in it is ever read or written from here.
        protect(unsafe { map.as_mut_ptr().add(end) }, page, NO_ACCESS);
        Self { map, start, len, end }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.map[self.start..self.start + self.len]
    }

    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.map[self.start..self.start + self.len]
    }

    pub fn pointer(&self) -> *mut c_void {
        self.bytes().as_ptr().cast_mut().cast()
    }

    /// Offset from the start of the first byte outside that has changed.
    pub fn damage(&self) -> Option<isize> {
        static INTACT: [u8; 1 << 16] = [CANARY; 1 << 16];
        for (at, bytes) in [(0, &self.map[..self.start]), (self.start + self.len, &self.map[self.start + self.len..self.end])] {
            for (i, part) in bytes.chunks(INTACT.len()).enumerate() {
                if part != &INTACT[..part.len()] {
                    let byte = part.iter().position(|b| *b != CANARY).unwrap_or_default();
                    return Some((at + i * INTACT.len() + byte) as isize - self.start as isize);
                }
            }
        }
        None
    }
}

fn page_size() -> usize {
    // SAFETY: has no preconditions.
    usize::try_from(unsafe { getpagesize() }).expect("a page has a size")
}

fn protect(address: *mut u8, length: usize, access: c_int) {
    // SAFETY: callers pass whole pages of a mapping they own.
    let refused = unsafe { mprotect(address.cast(), length, access) };
    assert_eq!(refused, 0, "pages can be protected");
}

thread_local! {
    static NOW: Cell<(*const u8, usize)> = const { Cell::new((ptr::null(), 0)) };
}

/// Names the kernel that runs in `body`, so that a fault in it can be told from others.
pub fn during<T>(what: &str, body: impl FnOnce() -> T) -> T {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        for number in [11, 7, 10] {
            // SIGSEGV; SIGBUS is 7 or 10
            // SAFETY: the handler calls nothing that is not allowed in one.
            unsafe { signal(number, fault as *const () as usize) };
        }
    });
    NOW.set((what.as_ptr(), what.len()));
    let result = body();
    NOW.set((ptr::null(), 0));
    result
}

extern "C" fn fault(number: c_int) {
    const TEXT: &[u8] = b"\na kernel reads outside its operands or writes outside its output: ";
    let (what, length) = NOW.get();
    // SAFETY: `write` and `signal` are allowed in handlers; `what` outlives the call that faulted. With the default
    // action back in place the access faults again and ends the process.
    unsafe {
        if !what.is_null() {
            write(2, TEXT.as_ptr(), TEXT.len());
            write(2, what, length);
            write(2, b"\n".as_ptr(), 1);
        }
        signal(number, 0);
    }
}
