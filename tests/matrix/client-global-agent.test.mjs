/** The built package under a plain agent of npm's undici, set globally: no wish of the application is in it. */
import { Agent, setGlobalDispatcher } from 'undici';
import { clientCases } from './client-cases.mjs';

setGlobalDispatcher(new Agent());
clientCases();
