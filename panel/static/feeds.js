"use strict";
// Codes of countries become names, as the browser knows them.
(() => {
  const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });
  const called = (code) => {
    try {
      return names.of(code.toUpperCase());
    } catch {
      return code.toUpperCase();
    }
  };
  const nameAll = (inside) => {
    for (const each of inside.querySelectorAll("[data-country]")) each.textContent = called(each.dataset.country);
    for (const group of inside.querySelectorAll("optgroup[label=All]")) {
      group.append(...[...group.children].sort((a, b) => a.textContent.localeCompare(b.textContent, "en")));
    }
  };
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, () => {
      document.getElementById("found").textContent = "The search did not work. Load the page again.";
    });
  }
  document.addEventListener("DOMContentLoaded", () => nameAll(document));
})();
