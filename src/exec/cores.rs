//! How many cores this process may use: as its affinity says, and its control group's quota. Asked once. Not
//! std::thread::available_parallelism, which allocates and aborts where there is no memory.

use std::sync::atomic::{AtomicUsize, Ordering};

/// 0 before it was asked for.
static COUNT: AtomicUsize = AtomicUsize::new(0);

pub(super) fn count() -> usize {
    match COUNT.load(Ordering::Relaxed) {
        0 => {
            let count = ask().max(1);
            COUNT.store(count, Ordering::Relaxed);
            count
        }
        known => known,
    }
}

#[cfg(target_os = "linux")]
fn ask() -> usize {
    linux::by_affinity().min(linux::by_quota())
}

#[cfg(not(target_os = "linux"))]
fn ask() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::CStr;
    use std::mem;

    pub(super) fn by_affinity() -> usize {
        // SAFETY: the set is as large as the call is told.
        unsafe {
            let mut set: libc::cpu_set_t = mem::zeroed();
            if libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) == 0 {
                return libc::CPU_COUNT(&set).max(1) as usize;
            }
            // More processors than the set has room for.
            libc::sysconf(libc::_SC_NPROCESSORS_ONLN).max(1) as usize
        }
    }

    /// The least quota of the process's control group and those above it, in whole cores; without one, no limit.
    pub(super) fn by_quota() -> usize {
        let (mut memory, mut path) = ([0; 4096], [0; 4096]);
        let Some(group) = group_of(read(c"/proc/self/cgroup", &mut memory)) else {
            return of_first_version();
        };
        let mut least = usize::MAX;
        let mut end = group.len();
        loop {
            let mut memory = [0; 64];
            if let Some(file) = join(&mut path, [b"/sys/fs/cgroup", &group[..end], b"/cpu.max"]) {
                least = least.min(cores_of(read(file, &mut memory)).unwrap_or(usize::MAX));
            }
            match group[..end].iter().rposition(|byte| *byte == b'/') {
                Some(slash) => end = slash,
                None => return least,
            }
        }
    }

    /// Of control groups' first version: that of a container, which sees its own as the root.
    fn of_first_version() -> usize {
        let (mut quota, mut period) = ([0; 32], [0; 32]);
        let quota = number(read(c"/sys/fs/cgroup/cpu/cpu.cfs_quota_us", &mut quota));
        let period = number(read(c"/sys/fs/cgroup/cpu/cpu.cfs_period_us", &mut period));
        whole_cores(quota, period).unwrap_or(usize::MAX)
    }

    /// The path in the line "0::/path", that of the root empty.
    fn group_of(lines: &[u8]) -> Option<&[u8]> {
        let path = lines.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"0::"))?;
        Some(if path == b"/" { &[] } else { path })
    }

    /// Of "quota period" in microseconds, or "max period".
    fn cores_of(line: &[u8]) -> Option<usize> {
        let mut words = line.split(|byte| byte.is_ascii_whitespace());
        whole_cores(number(words.next()?), number(words.next()?))
    }

    fn whole_cores(quota: Option<usize>, period: Option<usize>) -> Option<usize> {
        Some((quota? / period.filter(|period| *period > 0)?).max(1))
    }

    fn number(digits: &[u8]) -> Option<usize> {
        std::str::from_utf8(digits).ok()?.trim().parse().ok()
    }

    /// The file's beginning, as much as there is room for; nothing where it cannot be read.
    fn read<'m>(file: &CStr, memory: &'m mut [u8]) -> &'m [u8] {
        // SAFETY: plain calls; no more is written than the memory holds.
        unsafe {
            let descriptor = libc::open(file.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
            if descriptor < 0 {
                return &[];
            }
            let len = libc::read(descriptor, memory.as_mut_ptr().cast(), memory.len());
            libc::close(descriptor);
            &memory[..usize::try_from(len).unwrap_or(0)]
        }
    }

    /// The parts as one path, if there is room for it.
    fn join<'m>(memory: &'m mut [u8], parts: [&[u8]; 3]) -> Option<&'m CStr> {
        let mut len = 0;
        for part in parts {
            memory.get_mut(len..len + part.len())?.copy_from_slice(part);
            len += part.len();
        }
        *memory.get_mut(len)? = 0;
        CStr::from_bytes_until_nul(memory).ok()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn quotas_are_read() {
            assert_eq!(cores_of(b"max 100000\n"), None);
            assert_eq!(cores_of(b"250000 100000\n"), Some(2));
            assert_eq!(cores_of(b"50000 100000\n"), Some(1));
            assert_eq!(cores_of(b""), None);
            assert_eq!(group_of(b"1:cpu:/x\n0::/a/b\n"), Some(&b"/a/b"[..]));
            assert_eq!(group_of(b"0::/\n"), Some(&b""[..]));
            assert_eq!(group_of(b"1:cpu:/x\n"), None);
        }

        #[test]
        fn it_is_what_the_standard_library_says() {
            let known = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            assert_eq!(by_affinity().min(by_quota()), known);
        }
    }
}
