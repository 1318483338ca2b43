import fc from 'fast-check';

// What lands is judged by the same cases each time; elsewhere every run finds its own, and prints the seed of a failure.
if (process.env.CI) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: 20_261_121 });
