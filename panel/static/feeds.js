"use strict";
// Shows an error when the search for members fails.
(() => {
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, () => {
      document.getElementById("matches").textContent = "The search failed. Reload the page.";
    });
  }
})();
