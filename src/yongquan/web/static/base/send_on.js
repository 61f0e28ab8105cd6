// Sends the page's one form on, as if its reader had pressed the button.
document.getElementById("send-on").submit();
