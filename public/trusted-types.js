/**
 * Under `require-trusted-types-for 'script'` no text becomes markup or code. Workers are started by addresses, though: those of
 * this origin pass, nothing else does.
 */
window.trustedTypes?.createPolicy("default", {
  createScriptURL: (url) => (new URL(url, location.href).origin === location.origin ? url : undefined),
});
