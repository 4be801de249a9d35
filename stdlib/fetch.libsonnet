// A fetched file: its bytes are fixed by sha256 and size; its name and where it lies are in no hash.
function(file) std.native('derivation')({
  name: file.name,
  builder: 'fetch',
  args: { sha256: file.sha256, size: file.size },
  location: file.location,
})
