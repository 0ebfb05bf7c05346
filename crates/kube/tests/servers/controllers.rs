//! Controllers of a real API server: they make pods of workloads.

use camino::Utf8PathBuf;

use crate::real::{Real, free_port, run};

/// Starts them, if the controller manager is there.
pub(crate) fn start(real: &mut Real) -> bool {
    #[expect(clippy::disallowed_methods, reason = "the folder is the parameter of this test")]
    let program =
        std::env::var("KUBEBUILDER_ASSETS").map(|folder| Utf8PathBuf::from(folder).join("kube-controller-manager"));
    let Some(program) = program.ok().filter(|path| path.exists()) else { return false };
    let kubeconfig = real.folder.path().join("kubeconfig");
    fs_err::write(&kubeconfig, &real.kubeconfig).unwrap();
    let arguments = [
        format!("--kubeconfig={kubeconfig}"),
        "--controllers=deployment-controller,replicaset-controller,daemonset-controller,statefulset-controller"
            .to_owned(),
        "--leader-elect=false".to_owned(),
        format!("--secure-port={}", free_port()),
    ];
    let child = run(&program, real.folder.path(), &arguments);
    real.children.push(child);
    true
}
