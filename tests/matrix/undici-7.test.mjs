import * as undici from 'undici';
import { undiciCases } from './undici-cases.mjs';

undiciCases(undici);
