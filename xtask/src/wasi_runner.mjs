// Runs a wasm32-wasip1 test program under Node's WASI: `node wasi_runner.mjs PROGRAM.wasm ARGS...`.
import { readFile } from 'node:fs/promises';
import process, { argv, cwd, env } from 'node:process';
import { WASI } from 'node:wasi';

const [program, ...args] = argv.slice(2);
const root = env.STREAMGAUGE_ROOT ?? cwd();
const wasi = new WASI({
  version: 'preview1',
  args: [program, ...args],
  env: { PROPTEST_CASES: env.PROPTEST_CASES ?? '32' },
  preopens: { [root]: root },
});
const module = await WebAssembly.compile(await readFile(program));
// No process.exit: Node 20 may crash when it ends amid the compilation of a large module.
process.exitCode = wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
