"""Pure functions on arrays, one module a question; each says where its formula comes from."""
