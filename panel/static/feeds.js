"use strict";
// What the search for members says when it fails.
(() => {
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, () => {
      document.getElementById("found").textContent = "The search did not work. Load the page again.";
    });
  }
})();
