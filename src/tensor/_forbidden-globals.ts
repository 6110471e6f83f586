/** Python modules that act on the machine: a pickle that names anything in them is meant to run code. */
const modules = new Set(
  (
    "asyncio bdb cloudpickle code codeop commands cProfile ctypes dill doctest fileinput ftplib gc glob http httpx importlib inspect " +
    "linecache marshal mmap multiprocessing nt os pdb pickle pip pkgutil platform posix profile pty pydoc requests resource runpy shelve " +
    "shutil signal site smtplib socket socketserver ssl subprocess sys tempfile threading timeit trace venv webbrowser " +
    "xmlrpc zipimport _pickle _posixsubprocess _thread _winapi"
  ).split(" "),
);

/** What else can run or load code, by module and name. */
const others =
  /^((__builtin__|builtins)\.(__import__|apply|breakpoint|compile|delattr|eval|exec|execfile|globals|input|open|reload|setattr|vars)|_?io\.(open.*|FileIO)|types\.(Code|Function|Method)Type|urllib\.request\..*|operator\.(attrgetter|methodcaller)|numpy\.testing\..*|torch\.(hub|jit|package|utils)\..*|torch\.load|torch\.serialization\.load)$/;

/**
 * Whether a name in a pickle is one that malicious files use. No code is ever run; the answer distinguishes a malicious file from one that
 * merely holds a trainer's settings.
 */
export function actsOnMachine(module: string, name: string): boolean {
  return modules.has(module.split(".")[0]!) || others.test(`${module}.${name}`);
}
