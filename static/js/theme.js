/*
 * The theme and the sidebar's width, applied before the first paint: a plain script in <head>,
 * not a module. Both are kept in localStorage of this browser only.
 */
(() => {
  const root = document.documentElement;

  const read = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // storage may be blocked; the page works without
    }
  };

  const write = (key, value) => {
    try {
      localStorage.setItem(key, value);
    } catch {
      // as above
    }
  };

  const applyTheme = (theme) => {
    if (theme === "light" || theme === "dark") {
      root.dataset.theme = theme;
    } else {
      delete root.dataset.theme;
    }
  };

  const showChoice = () => {
    const current = root.dataset.theme || "auto";
    for (const button of document.querySelectorAll("[data-theme-set]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === current));
    }
    for (const button of document.querySelectorAll("[data-sidebar-toggle]")) {
      button.setAttribute("aria-pressed", String(root.dataset.sidebar === "rail"));
    }
  };

  applyTheme(read("gatehouse.theme"));
  if (read("gatehouse.sidebar") === "rail") {
    root.dataset.sidebar = "rail";
  }

  document.addEventListener("DOMContentLoaded", showChoice);

  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-theme-set]");
    if (choice) {
      applyTheme(choice.dataset.themeSet);
      write("gatehouse.theme", choice.dataset.themeSet);
      choice.closest("details")?.removeAttribute("open");
      showChoice();
    }
    if (event.target.closest("[data-sidebar-toggle]")) {
      if (root.dataset.sidebar === "rail") {
        delete root.dataset.sidebar;
      } else {
        root.dataset.sidebar = "rail";
      }
      write("gatehouse.sidebar", root.dataset.sidebar || "full");
      showChoice();
    }
  });

  // Another tab of the same browser changed it.
  window.addEventListener("storage", (event) => {
    if (event.key === "gatehouse.theme") {
      applyTheme(event.newValue);
      showChoice();
    }
  });
})();
