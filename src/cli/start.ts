// Where the command line starts: what is compiled after this line is kept compiled for the next time.
import { enableCompileCache } from 'node:module';

enableCompileCache();
import('./main.ts');
