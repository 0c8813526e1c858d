//! Writes `ui/src/bindings.gen.ts` from the command list: every command with its arguments and result,
//! and every type these name, found by walking them, so that no second list can fall behind.
//! Only tests use it: the file is checked in, and a test fails when it is not what this makes.

use std::any::TypeId;
use std::collections::BTreeMap;
use std::path::Path;

use ts_rs::{Config, TypeVisitor};

use super::*;

/// Named types by name, so that the file does not depend on the order of the walk.
struct Types {
    config: Config,
    seen: Vec<TypeId>,
    by_name: BTreeMap<String, String>,
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        if self.seen.contains(&TypeId::of::<T>()) {
            return;
        }
        self.seen.push(TypeId::of::<T>());
        if T::output_path().is_some() {
            let doc = T::docs().unwrap_or_default();
            let declared = one_line_docs(&format!("{doc}export {}\n", T::decl(&self.config)));
            self.by_name.insert(T::ident(&self.config), declared);
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}

/// `/** … */` on one line and no blank at a line's end: the shape a person would write.
fn one_line_docs(declared: &str) -> String {
    declared.replace("\n * ", " ").replace("\n */", " */").replace("{ \n", "{\n").replace(", \n", ",\n")
}

fn docs(lines: &[&str]) -> String {
    format!("  /** {} */\n", lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "))
}

macro_rules! typescript {
    ($($(#[doc = $doc:literal])+ $name:ident($($arg:ident: $ty:ty),*) -> $out:ty, [$($window:ident),+];)+) => {
        fn typescript() -> String {
            let mut types = Types { config: Config::new(), seen: Vec::new(), by_name: BTreeMap::new() };
            let mut commands = String::new();
            types.visit::<Refusal>();
            types.visit::<Changed>();
            $(
                $(types.visit::<$ty>();)*
                types.visit::<$out>();
                let args: Vec<String> =
                    vec![$(format!("{}: {}", stringify!($arg), <$ty as TS>::name(&types.config))),*];
                let args = if args.is_empty() { "Record<string, never>".to_owned() } else { format!("{{ {} }}", args.join(", ")) };
                commands += &docs(&[$($doc),+]);
                commands += &format!(
                    "  {}: {{ args: {args}, result: {} }},\n", stringify!($name), <$out as TS>::name(&types.config)
                );
            )+
            let types: Vec<String> = types.by_name.into_values().collect();
            format!(
                "// Made from the command list in src-tauri/rpc.rs; do not edit.\n\
                 // To renew: UPDATE_BINDINGS=1 cargo test --bin pointsman-app bindings\n\n\
                 {}\n/** Every command of the app: what it takes and what it gives. Errors are a `Refusal`. */\n\
                 export type Commands = {{\n{commands}}};\n",
                types.join("\n")
            )
        }
    };
}
command_list!(typescript);

#[test]
fn the_bindings_are_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/src/bindings.gen.ts");
    let made = typescript();
    if std::env::var_os("UPDATE_BINDINGS").is_some() {
        std::fs::write(&path, &made).expect("write the bindings");
    }
    let stored = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == made, "ui/src/bindings.gen.ts is old: UPDATE_BINDINGS=1 cargo test --bin pointsman-app bindings");
}
