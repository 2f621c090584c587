import { main } from './index.ts';

// The reader has gone (`isoloss list | head -1`): there is nobody left to tell, and nothing is wrong.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.stderr.on('error', () => {});

process.exitCode = await main(process.argv.slice(2));
