//! Starting a thread, which may fail: std's way allocates, and aborts where there is no memory.

use std::ffi::c_void;

/// What a thread does, with a pointer that it may use.
pub(super) type Work = extern "C" fn(*mut c_void) -> *mut c_void;

/// Starts a detached thread; tells whether it could.
#[cfg(unix)]
pub(super) fn start(work: Work, data: *mut c_void) -> bool {
    use std::mem::MaybeUninit;

    /// Kernels need some kilobytes; the system's default is megabytes, which count where memory is limited.
    const STACK_SIZE: usize = 512 << 10;

    let _masked = Masked::new();
    let mut attributes = MaybeUninit::uninit();
    let mut thread = MaybeUninit::uninit();
    // SAFETY: plain calls; the attributes are initialised before they are used.
    unsafe {
        if libc::pthread_attr_init(attributes.as_mut_ptr()) != 0 {
            return false;
        }
        libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), STACK_SIZE);
        libc::pthread_attr_setdetachstate(attributes.as_mut_ptr(), libc::PTHREAD_CREATE_DETACHED);
        let outcome = libc::pthread_create(thread.as_mut_ptr(), attributes.as_ptr(), work, data);
        libc::pthread_attr_destroy(attributes.as_mut_ptr());
        outcome == 0
    }
}

/// While it lives, the calling thread has the signal mask that a new thread inherits: signals for the process go to the
/// host's threads. Those that a thread's own instructions raise are not blocked: the host may handle faults of its memory.
#[cfg(unix)]
struct Masked(libc::sigset_t);

#[cfg(unix)]
impl Masked {
    fn new() -> Self {
        const OF_INSTRUCTIONS: [i32; 6] =
            [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];
        // SAFETY: plain calls on sets that live here.
        unsafe {
            let (mut blocked, mut before) = (std::mem::zeroed(), std::mem::zeroed());
            libc::sigfillset(&raw mut blocked);
            for signal in OF_INSTRUCTIONS {
                libc::sigdelset(&raw mut blocked, signal);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const blocked, &raw mut before);
            Masked(before)
        }
    }
}

#[cfg(unix)]
impl Drop for Masked {
    fn drop(&mut self) {
        // SAFETY: the mask that was there before.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, std::ptr::null_mut()) };
    }
}

/// Starts a detached thread; tells whether it could.
#[cfg(not(unix))]
pub(super) fn start(work: Work, data: *mut c_void) -> bool {
    struct Sent(*mut c_void);
    // SAFETY: the caller gives a pointer that the thread may use.
    unsafe impl Send for Sent {}
    let sent = Sent(data);
    let run = move || {
        let whole = sent;
        work(whole.0);
    };
    std::thread::Builder::new().spawn(run).is_ok()
}
