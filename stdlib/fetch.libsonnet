// A fetched file: its bytes are fixed by sha256 and size; where they lie is in no hash.
function(file) std.native('derivation')({
  builder: 'fetch',
  args: { sha256: file.sha256, size: file.size },
  location: file.location,
})
