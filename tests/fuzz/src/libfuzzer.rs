//! The target as libFuzzer wants it. Only in a build for fuzzing.

#![allow(unsafe_code, reason = "libFuzzer is C++")]

use std::{
    cell::OnceCell,
    ffi::{CString, c_char, c_int},
    fs,
    path::Path,
    process,
};

type Target = Box<dyn Fn(&[u8])>;

thread_local! {
    /// libFuzzer calls back on the thread that started it.
    static TARGET: OnceCell<Target> = const { OnceCell::new() };
}

/// Called by libfuzzer-sys with each input.
// SAFETY: the crate declares exactly this function under this name, and nobody else defines it.
#[unsafe(no_mangle)]
fn rust_fuzzer_test_input(input: &[u8]) -> i32 {
    TARGET.with(|target| {
        if let Some(target) = target.get() {
            target(input);
        }
    });
    0
}

// SAFETY: as libFuzzer's FuzzerInterface.h declares it.
unsafe extern "C" {
    fn LLVMFuzzerRunDriver(
        argc: *mut c_int,
        argv: *mut *mut *mut c_char,
        callback: unsafe extern "C" fn(*const u8, usize) -> c_int,
    ) -> c_int;
}

unsafe extern "C" fn one_input(data: *const u8, size: usize) -> c_int {
    // SAFETY: libFuzzer passes what it has, for as long as the call takes.
    unsafe { libfuzzer_sys::test_input_wrap(data, size) }
}

/// Hands the process over to libFuzzer, with the arguments in `BELLPUSH_FUZZ_ARGUMENTS`. Seeds and
/// words go to the folder and the file that it names.
pub(crate) fn run<F>(seeds: &[Vec<u8>], words: &[Vec<u8>], target: F)
where
    F: Fn(&[u8]) + 'static,
{
    let Ok(arguments) = std::env::var("BELLPUSH_FUZZ_ARGUMENTS") else {
        eprintln!("start it by cargo xtask fuzz");
        process::exit(1);
    };
    if let Ok(folder) = std::env::var("BELLPUSH_FUZZ_SEEDS") {
        write(Path::new(&folder), seeds, words);
    }
    TARGET.with(|slot| _ = slot.set(Box::new(target)));
    // Whatever panics is a fault, also where the program would survive it.
    libfuzzer_sys::initialize(std::ptr::null(), std::ptr::null());
    let arguments = ["fuzz"].into_iter().chain(arguments.split_whitespace());
    let arguments: Vec<CString> = arguments.filter_map(|text| CString::new(text).ok()).collect();
    let mut pointers: Vec<*mut c_char> =
        arguments.iter().map(|text| text.as_ptr().cast_mut()).collect();
    pointers.push(std::ptr::null_mut());
    let mut count = c_int::try_from(arguments.len()).unwrap_or_default();
    let mut list = pointers.as_mut_ptr();
    // SAFETY: a list of that many texts, closed by a null pointer, as `main` gets it; all of it
    // lives until the call returns.
    let result = unsafe { LLVMFuzzerRunDriver(&raw mut count, &raw mut list, one_input) };
    process::exit(result);
}

fn write(folder: &Path, seeds: &[Vec<u8>], words: &[Vec<u8>]) {
    let corpus = folder.join("seeds");
    let words = words.iter().map(|word| {
        let bytes: String = word.iter().map(|byte| format!("\\x{byte:02x}")).collect();
        format!("\"{bytes}\"\n")
    });
    // libFuzzer does not take an empty file.
    let dictionary = format!("# What the target knows.\n{}", words.collect::<String>());
    let written = fs::create_dir_all(&corpus)
        .and_then(|()| fs::write(folder.join("words"), dictionary))
        .and_then(|()| {
            let mut seeds = seeds.iter().enumerate();
            seeds.try_for_each(|(n, seed)| fs::write(corpus.join(n.to_string()), seed))
        });
    if let Err(error) = written {
        eprintln!("the seeds can't be written to {}: {error}", folder.display());
        process::exit(1);
    }
}
