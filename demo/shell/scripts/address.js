// A tab's fields join the address; "arrive" fires with their values where an address asks for others.
window.shell?.register(props.tab, props.defaults, (values) => requestAnimationFrame(() => trigger("arrive", values)), props.reads);
