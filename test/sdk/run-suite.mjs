/** Runs the suite in the runtime that runs this: the task's JSON is its argument, what it saw is written as JSON. */
import process from 'node:process';
import { runSuite } from './portable-suite.mjs';

const task = JSON.parse(process.argv[2]);
const seen = await runSuite(await import(task.sdk), task);
process.stdout.write(JSON.stringify(seen));
