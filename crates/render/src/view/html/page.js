
(function () {
  "use strict";
  var form = document.getElementById("search");
  var input = form.querySelector("input");
  var output = form.querySelector("output");
  var changes = Array.prototype.slice.call(document.querySelectorAll(".change"));
  var texts = changes.map(function (change) { return change.textContent.toLowerCase(); });
  form.hidden = false;
  function filter() {
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    var shown = 0;
    changes.forEach(function (change, at) {
      var fits = words.every(function (word) { return texts[at].indexOf(word) >= 0; });
      change.classList.toggle("filtered", !fits);
      shown += fits ? 1 : 0;
    });
    output.textContent = words.length ? shown + " of " + changes.length + " changes" : "";
  }
  function open() {
    var target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") { target.classList.remove("filtered"); target.open = true; }
  }
  input.addEventListener("input", filter);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  window.addEventListener("hashchange", open);
  open();
}());
