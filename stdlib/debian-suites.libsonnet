// Python → the Debian suite that carries it, and the suite's glibc, which decides what wheels run (PEP 600).
{
  '3.11': { name: 'bookworm', glibc: '2.36' },
  '3.13': { name: 'trixie', glibc: '2.41' },
}
